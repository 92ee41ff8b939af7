"""XML event logs at the speed of their bytes.

``text`` opens a source as UTF-8, ``tokens`` finds elements and attributes in the bytes (and knows
what is not well formed or not safe), ``chunks`` cuts a long document into runs of whole traces,
``slots`` sorts attributes by key and type, ``values`` turns runs of bytes into columns, and
``instants`` reads times. ``events`` is for formats that are not worth that: expat, with the same
limits.

Only what event logs need: no document type, no entities beyond the five of XML and character
references, names compared without their namespace prefix.
"""
