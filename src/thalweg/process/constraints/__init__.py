"""Constraints: rules that the records keep, within an object and between linked ones, mined and checked."""
