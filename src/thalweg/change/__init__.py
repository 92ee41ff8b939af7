"""Change: what interventions caused, and not merely accompanied.

``panels`` builds tables of unit by period from a book; ``estimates`` turns one of them and a
roll-out into an effect with an interval; ``checks`` asks what could make that effect untrue;
``answers`` puts each intervention against each outcome, grades what is found and lays it out as
tables; ``planning`` says beforehand what a roll-out could show. ``prove`` brings them together.
"""
