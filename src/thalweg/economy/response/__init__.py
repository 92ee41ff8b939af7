"""How revenue answers to what is spent to buy it: carry-over, saturation, and what carries the claim.

A panel of units and months goes in; draws of a response come out, with a label that says how the
separation of bought from earned is known, or bounds where it is not.
"""

from thalweg.economy.response.curves import channels_table, curves
from thalweg.economy.response.respond import fit_response

__all__ = ["channels_table", "curves", "fit_response"]
