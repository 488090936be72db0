"""Names of persons, put together from lists of common first and last names."""

from kpi_platform.local.samples.identifiers import Texts
from kpi_platform.local.samples.noise import Integers, pick

_FIRST_NAMES = (
    "Ada Aisha Ana Ben Carla Chen Dana Diego Elif Emma Farid Felix Grace Hana Hugo Ines Ivan Jonas Julia "
    "Kai Karim Lara Leon Lena Luis Maya Mei Mila Nadia Noah Nora Omar Paul Petra Priya Rosa Sam Sara "
    "Sofia Tariq Theo Vera Yuki"
)
_LAST_NAMES = (
    "Abbott Alvarez Bauer Becker Campos Carver Costa Dahl Dubois Eriksen Farrell Fischer Garcia Gupta "
    "Haas Hoffman Ibrahim Ito Jansen Keller Khan Kowal Larsen Lindgren Marsh Meyer Moreau Nakamura Novak "
    "Okafor Olsen Park Patel Quinn Reyes Rossi Santos Schmidt Silva Tanaka Turner Vogel Wagner Weber "
    "Yilmaz Zimmer"
)
_FIRST, _LAST = _FIRST_NAMES.split(), _LAST_NAMES.split()


def person_names(seed: str, *indexes: Integers) -> tuple[Texts, Texts]:
    """Returns a first and a last name for each element."""
    return pick(_FIRST, f"{seed}/first name", *indexes), pick(_LAST, f"{seed}/last name", *indexes)
