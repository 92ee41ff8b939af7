"""Estimates: from a design to an effect with an interval that holds for few units too.

``estimate.estimate`` chooses and runs; ``adapter`` is the only module that knows diff-diff.
"""
