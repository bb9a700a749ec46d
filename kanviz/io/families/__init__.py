"""Readers of further libraries, each a `Family`: how its layers are recognised, and what a layer of it computes.

What all of them share (prefixes, runs of layers, blocks in a larger model, tensors that no reader uses) is in
`family.py`.
"""
