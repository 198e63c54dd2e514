"""Who may read what of whom, said once more and without a line of the school's own code.

Plain facts in plain containers: days are numbers, people and records are names. What happens to the school is told to
it in the same words; what it then expects is compared with what the school shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Window = tuple[int | None, int | None]


@dataclass
class Role:
    scope: str
    codes: set[str]


@dataclass
class Child:
    campus: str
    section: str | None
    phone: str = ""
    # What they are called, where that is said.
    called: str = ""
    note: str = ""
    login: str | None = None
    merged: bool = False
    # The child whose record this one went into.
    became: str = ""
    # Where the child was: the first day, and the first day no longer there.
    places: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Link:
    access: bool = True
    order: str = ""

    @property
    def open(self) -> bool:
        return self.access and not self.order


def both(one: str, other: str) -> str:
    lines = one.split("\n") if one else []
    for line in other.split("\n"):
        if line and line not in lines:
            lines.append(line)
    return "\n".join(lines)


@dataclass
class World:
    roles: dict[str, Role]
    children: dict[str, Child]
    # Guardian → their login; and which of them are one person.
    guardians: dict[str, str | None]
    twins: set[frozenset[str]]
    today: int = 0
    held: dict[tuple[str, str, str | None], Window] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    parted: set[tuple[str, str]] = field(default_factory=set)
    taught: set[tuple[str, str]] = field(default_factory=set)

    # --- who may ------------------------------------------------------------------------------------------------------
    def roles_now(self, user: str) -> list[tuple[Role, str | None]]:
        return [
            (self.roles[role], campus)
            for (who, role, campus), (begins, ends) in self.held.items()
            if who == user and (begins is None or begins <= self.today) and (ends is None or ends > self.today)
        ]

    def holds(self, user: str, code: str) -> bool:
        return any(code in role.codes for role, _ in self.roles_now(user))

    def everywhere(self, user: str, code: str) -> bool:
        return any(
            code in role.codes and role.scope == "everything" and campus is None
            for role, campus in self.roles_now(user)
        )

    def reaches(self, user: str, code: str, child: str) -> bool:
        record = self.children[child]
        for role, campus in self.roles_now(user):
            if code not in role.codes or campus not in (None, record.campus):
                continue
            if role.scope == "everything":
                return True
            if role.scope == "teacher" and record.section and (user, record.section) in self.taught:
                return True
            mine = [guardian for guardian, login in self.guardians.items() if login == user]
            links = [self.links[child, each] for each in mine if (child, each) in self.links]
            if role.scope == "guardian" and not record.merged and any(link.open for link in links):
                return True
            if role.scope == "student" and not record.merged and record.login == user:
                return True
        return False

    def works_here(self, user: str) -> bool:
        return any(role.scope not in {"guardian", "student"} for role, _ in self.roles_now(user))

    # --- what is read -------------------------------------------------------------------------------------------------
    def record(self, user: str, child: str) -> dict[str, str] | None:
        """The phone, at how many places the child was, and the note for who may see notes; ``None``: not there."""
        if self.children[child].merged or not self.reaches(user, "students.view", child):
            return None
        shown = {"phone": self.children[child].phone, "places": str(len(self.children[child].places))}
        if self.reaches(user, "students.view_medical", child):
            shown["medical_note"] = self.children[child].note
        return shown

    def shown(self, user: str, child: str, guardian: str) -> bool:
        return not self.links[child, guardian].order or self.reaches(user, "students.view_custody", child)

    def contacts(self, user: str, child: str) -> dict[str, str | None] | None:
        """Guardian → the restriction, ``None`` where it is not shown; nothing at all: not there."""
        if not self.reaches(user, "guardians.view", child):
            return None
        told = self.reaches(user, "students.view_custody", child)
        return {
            guardian: link.order if told else None
            for (of, guardian), link in self.links.items()
            if of == child and self.shown(user, child, guardian)
        }

    def known(self, user: str) -> set[str]:
        """The guardians whom somebody finds at all."""
        found = set()
        for guardian in self.guardians:
            children = [child for child, other in self.links if other == guardian]
            seen = [child for child in children if self.shown(user, child, guardian)]
            if self.everywhere(user, "guardians.view"):
                if seen or not children:
                    found.add(guardian)
            elif any(self.reaches(user, "guardians.view", child) for child in seen):
                found.add(guardian)
        return found

    # --- what happens -------------------------------------------------------------------------------------------------
    def unlink(self, child: str, guardian: str) -> None:
        del self.links[child, guardian]
        self.parted.add((child, guardian))

    def _away(self, child: str, guardian: str) -> bool:
        """Whether a person keeps this guardian, or somebody who is the same, from the child."""
        alike = [other for other in self.guardians if other == guardian or frozenset({other, guardian}) in self.twins]
        for other in alike:
            link = self.links.get((child, other))
            if link is not None and not link.open:
                return True
            if link is None and (child, other) in self.parted:
                return True
        return False

    def merge(self, keep: str, gone: str) -> None:
        kept, other = self.children[keep], self.children[gone]
        brought = [
            place
            for place in other.places
            if all(min(place[1], own[1]) <= max(place[0], own[0]) for own in kept.places)
        ]
        said = ((kept.phone, other.phone), (kept.called, other.called), (kept.note, other.note))
        more = bool(kept.places) or any(mine and mine != theirs for mine, theirs in said)
        new_lines = both(kept.note, other.note) != kept.note
        mine = {guardian for child, guardian in self.links if child == keep}
        theirs = {guardian for child, guardian in self.links if child == gone}
        shut = {
            guardian
            for guardian in mine - theirs
            if self._away(gone, guardian)
            or (
                new_lines
                and self.guardians[guardian]
                and self.holds(self.guardians[guardian] or "", "students.view_medical")
            )
        }
        shut_too = {guardian for guardian in theirs - mine if more or self._away(keep, guardian)}
        watched = kept.login is not None or any(self.links[keep, guardian].open for guardian in mine - theirs - shut)
        if not watched:
            kept.phone, kept.called = kept.phone or other.phone, kept.called or other.called
        kept.note = both(kept.note, other.note)
        if kept.login is None and not more:
            kept.login = other.login
        elif brought:
            kept.login = None
        if any(begins <= self.today < ends for begins, ends in brought):
            kept.section = other.section
        kept.places += brought
        other.login, other.merged, other.became, other.section, other.places = None, True, keep, None, []
        for guardian in mine & theirs:
            one, two = self.links[keep, guardian], self.links[gone, guardian]
            self.links[keep, guardian] = Link(one.access and two.access, both(one.order, two.order))
            two.access = False
        for guardian in theirs - mine:
            self.links[keep, guardian] = self.links.pop((gone, guardian))
        for guardian in shut | shut_too | (mine - theirs if brought else set()):
            self.links[keep, guardian].access = False
        self.parted |= {(keep, guardian) for child, guardian in self.parted if child == gone}
