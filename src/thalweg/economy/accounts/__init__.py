"""Accounts: ledger, traffic, products, rates and pauses of a book as money by month.

``read.read_accounts`` brings the tables to one currency, one sign and whole months;
``panel.growth_panel`` sets revenue by unit and month beside what may have moved it.
"""
