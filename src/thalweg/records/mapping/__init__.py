"""Mapping files: which columns are objects, activity, time and roles; how tables are joined."""
