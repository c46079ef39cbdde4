"""Procedural flower pictures: a painter, plants, species, scenes and a camera."""
