"""Tables of an ERP, joined into an object-centric log by a mapping file."""
