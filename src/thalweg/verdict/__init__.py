"""The verdict: how deep the change reaches, how dependent it is, and what each figure rests on."""
