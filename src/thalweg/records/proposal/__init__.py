"""Proposals: what an unknown source seems to be, with a reason for every guess."""
