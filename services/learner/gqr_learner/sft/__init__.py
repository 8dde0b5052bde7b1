"""Supervised fine-tuning of a policy (paper section 3.1, Eq. 1)."""
