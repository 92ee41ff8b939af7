"""Flat tables: CSV, Excel, Parquet, JSON lines and databases, read by a flat mapping."""
