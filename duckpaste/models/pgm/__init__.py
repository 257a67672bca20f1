"""Graphical models: estimates a joint distribution from noisy marginals (Private-PGM, McKenna et al. 2019).

`fit` is the way in; it gives a `Graphical`, whose `marginal` answers any clique and whose `steps` generate rows.
All is float64 numpy on dense arrays, public post-processing of what the doors released.
"""

from duckpaste.models.pgm.descent import Descent
from duckpaste.models.pgm.elimination import size_mb
from duckpaste.models.pgm.fit import fit
from duckpaste.models.pgm.graphical import Graphical
from duckpaste.models.pgm.observation import Observation, total_of

__all__ = ["Descent", "Graphical", "Observation", "fit", "size_mb", "total_of"]
