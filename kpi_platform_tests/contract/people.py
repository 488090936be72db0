"""Names, titles and ids that rules trip over."""

import random
import string

NAMES = (
    "Acme Corporation",
    "acme  corporation ",
    'O\'Brien & Sons "Ltd"',
    "Łódź Käse 🧀 GmbH",
    "株式会社テスト",
    "Initech",
    "INITECH",
    "Globex; drop table account;--",
    "Émile Zola SA",
    "Vandelay\tIndustries",
    "Umbrella {{ corp }}",
    "100% Pure %s",
    "Back\\slash Inc",
    "Wayne Enterprises",
    "Stark",
    "Hooli 🚀",
)

COMPANY_SPELLINGS = (
    "  acme CORPORATION",
    "initech ",
    "Initech",
    'o\'brien &  sons "ltd"',
    "łódź käse 🧀 gmbh",
    "WAYNE  ENTERPRISES",
    "stark",
    "Hooli 🚀",
    "vandelay industries",
    "株式会社テスト",
    "Nobody Knows",
    "",
    None,
)

TITLES = (
    "VP",
    "vp, Sales",
    "SVP, Sales",
    "EVP/Operations",
    "AVP",
    "Vice President",
    "vice president of Engineering",
    "Director",
    "Managing DIRECTOR",
    "Directors' Office",
    "President",
    "Presidential Aide",
    "Chief of Staff",
    "Chieftain",
    "CEO & Founder",
    "(cfo)",
    "Deputy-COO",
    "C.T.O.",
    "CIO",
    "CMO",
    "CRO",
    "CISO",
    "CSO",
    "CPO",
    "CPOs",
    "Head of Support",
    "Head office clerk",
    "Ahead of Things",
    "VPN admin",
    "VP_Sales",
    "Assistant to the CEO",
    "Executive ASSISTANT TO the Director",
    "Assistant Director",
    "Engineer",
    "V.P. of Sales",
    "V.P Sales",
    "r.s.v.p. manager",
    "C.E.O",
    "Vice   President",
    "GESCHÄFTSFÜHRER",
    "Gescha\u0308ftsfu\u0308hrer",
    "Vorstandsmitglied",
    "Directeur général",
    "Former CEO",
    "ex-CEO",
    "Annex-CEO",
    "E.A. to the CEO",
    "Internal VP",
    "CFO intern",
    "Art  Director",
    "VPé",
    "",
    None,
)

_ALPHABET = string.ascii_letters + string.digits


def salesforce_id(rng: random.Random, prefix: str) -> str:
    """A new id in its 15-character form."""
    return prefix + "".join(rng.choices(_ALPHABET, k=15 - len(prefix)))


def form(rng: random.Random, key: str) -> str:
    """`key` in its 15- or in its 18-character form; other ids stay."""
    if len(key) != 15 or not key.isalnum() or rng.random() < 0.5:
        return key
    return key + checksum(key)


def checksum(key: str) -> str:
    """Salesforce's suffix of 3 characters: one bit for each capital."""
    return "".join(
        (string.ascii_uppercase + "012345")[
            sum(1 << bit for bit, letter in enumerate(key[part : part + 5]) if letter.isupper())
        ]
        for part in (0, 5, 10)
    )


def other_case(key: str) -> str:
    """The same id with its last letter in the other case: another id."""
    for position in range(len(key) - 1, 2, -1):
        if key[position].isalpha():
            return key[:position] + key[position].swapcase() + key[position + 1 :]
    return key
