"""Who is at the two demo schools. No name stands in both, so that a stranger in an answer is noticed."""

from __future__ import annotations

from dataclasses import dataclass

from apps.access import permissions as roles


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who logs in. ``teaches``: sections; ``children`` and ``pupil``: admission numbers."""

    username: str
    given_name: str
    family_name: str
    role: str
    teaches: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    pupil: str = ""

    def password(self, slug: str) -> str:
        """Stable, so that a page of instructions stays true. For demo schools only."""
        return f"{self.username}-of-{slug}-demo"


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """A school of the demo: ``sections`` maps ``7 B`` to its students' (given name, family name)."""

    slug: str
    name: str
    timezone: str
    locale: str
    currency: str
    logins: tuple[Login, ...]
    sections: dict[str, tuple[tuple[str, str], ...]]

    @property
    def host(self) -> str:
        return f"{self.slug}.localhost"


OAK = DemoSchool(
    slug="oak",
    name="Oak School",
    timezone="Europe/London",
    locale="en-gb",
    currency="GBP",
    logins=(
        Login("alice", "Alice", "Okafor", roles.HEAD),
        Login("bob", "Bob", "Lindqvist", roles.TEACHER, teaches=("7 B",)),
        Login("carol", "Carol", "Marchetti", roles.GUARDIAN, children=("O7B01", "O6A01")),
        Login("dave", "Dave", "Sandhu", roles.REGISTRAR),
        Login("erin", "Erin", "Kowalczyk", roles.ADMINISTRATOR),
        Login("frank", "Frank", "Tanaka", roles.TEACHER, teaches=("6 A",)),
        Login("grace", "Grace", "Mbeki", roles.TEACHER),
        Login("hugo", "Hugo", "Marchetti", roles.STUDENT, pupil="O7B01"),
        Login("ivy", "Ivy", "Haddad", roles.ACCOUNTANT),
    ),
    sections={
        "7 B": (
            ("Hugo", "Marchetti"),
            ("Zoë", "Bergström"),
            ("ليلى", "المنصوري"),
            ("आरव", "शर्मा"),
            ("明美", "佐藤"),
            ("Андрій", "Шевченко"),
            ("민준", "김"),
            ("Ελένη", "Παπαδοπούλου"),
            ("נועה", "לוי"),
            ("ምሕረት", ""),
            ("Nguyễn Thị", "Hương"),
            ("Siobhán", "O’Brien-Nakamura"),
            ("கவிதா", ""),
            ("Sukarno", ""),
        ),
        "6 A": (("Chiara", "Marchetti"), ("Tomáš", "Dvořák"), ("王", "小明"), ("Amara", "Nwosu"), ("João", "Pires")),
        "6 B": (("Freya", "Hansen"), ("Yusuf", "Demir"), ("Anya", "Petrova"), ("Mateo", "Quispe")),
        "7 A": (("Owen", "Pritchard"), ("Fatou", "Diallo"), ("Łucja", "Zając"), ("Kai", "Kealoha")),
        "8 A": (("Noor", "van Dijk"), ("Tariq", "Rahman"), ("Sofía", "Ibáñez"), ("Ayşe", "Öztürk")),
    },
)

ELM = DemoSchool(
    slug="elm",
    name="Elm Academy",
    timezone="Pacific/Auckland",
    locale="en-nz",
    currency="NZD",
    logins=(
        Login("ellen", "Ellen", "Whitford", roles.HEAD),
        Login("tom", "Tom", "Ngata", roles.TEACHER, teaches=("7 B",)),
        Login("uma", "Uma", "Castellanos", roles.GUARDIAN, children=("E7B01",)),
        Login("victor", "Victor", "Sørensen", roles.REGISTRAR),
        Login("wendy", "Wendy", "Fitzroy", roles.ADMINISTRATOR),
    ),
    sections={
        "7 B": (
            ("Aroha", "Castellanos"),
            ("Wiremu", "Parata"),
            ("Ingrid", "Thorvaldsdóttir"),
            ("Kofi", "Asante"),
            ("陈", "美玲"),
            ("Valentina", "Rossi"),
        ),
        "6 A": (("Tane", "Walker"), ("Mele", "Faleafa"), ("Rohan", "Iyer")),
    },
)

# Outside all schools, with no role of theirs. The second factor that operators need is set up at the first login.
OPERATOR = Login("olga", "Olga", "Nkemelu", "operator")
SCHOOLS: tuple[DemoSchool, ...] = (OAK, ELM)
