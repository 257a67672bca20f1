"""Litmus: can a person tell real entities from synthetic ones? Shows rows of private people: internal."""
