"""Reads a Dockerfile: its stages, and the instructions of each."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).parents[2] / "deploy" / "Dockerfile"
PROJECT = FILE.parents[1]


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str
    rest: str

    @property
    def parts(self) -> list[str]:
        """The rest as words; the JSON form as its list."""
        text = re.sub(r"^(--\S+ )*", "", self.rest) if self.word == "COPY" else self.rest
        if text.startswith("["):
            words: list[str] = json.loads(text)
            return words
        return shlex.split(text)

    @property
    def source_stage(self) -> str | None:
        found = re.match(r"--from=(\S+)", self.rest)
        return found.group(1) if found else None


@dataclass(frozen=True, slots=True)
class Stage:
    image: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)

    def named(self, word: str) -> list[Instruction]:
        return [one for one in self.instructions if one.word == word]


def stages() -> list[Stage]:
    lines = re.sub(r"\\\n\s*", " ", FILE.read_text()).splitlines()
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "ARG" and not found:
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            image, _, name = rest.partition(" AS ")
            for argument, value in arguments.items():
                image = image.replace(f"${{{argument}}}", value)
            found.append(Stage(image, name or None))
        else:
            found[-1].instructions.append(Instruction(word, rest.strip()))
    return found
