"""Judges lists by relatedness and semantic exclusivity (paper appendix B.1)."""
