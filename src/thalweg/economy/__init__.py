"""Money: is the growth bought or earned, and what is left when the buying stops?

From the ledger and the traffic beside a book come accounts in one currency; from them metrics, the
response of revenue to what was spent, the parts of growth, and paths without traffic or capital.
"""
