"""From records to a simulation model, with copies that differ by what is not known of it."""
