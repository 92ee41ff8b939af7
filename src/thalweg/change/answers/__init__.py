"""Answers: each question put to the estimators and checks, graded, and laid out as tables."""
