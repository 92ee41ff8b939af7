"""Metrics of a business by their usual definitions, each with the months it is of, or why it is not told.

``table.metrics_table`` gives the standard metrics, ``units.unit_economics_table`` the same money by
product, party, cohort, process path and channel.
"""
