"""``manage.py create_school oak --name "Oak School" --domain oak.example.org --administrator erin --email erin@…``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from schoolops.context import inside
from schoolops.tenancy import lifecycle
from schoolops.tenancy.errors import SchoolNotFound
from schoolops.tenancy.founders import first_login
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import School
from schoolops.tenancy.provisioning import create_school


class Command(OperatorCommand):
    help = (
        "Create a school: schema, role, first contents, address; with --administrator its first login too, whose link "
        "is printed. Run again to finish an interrupted creation, or to give a school that stands its first login."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="short name, as in oak-hill")
        parser.add_argument("--name", help="the name people read")
        parser.add_argument("--domain", action="append", help="host name; repeat for more than one")
        parser.add_argument("--administrator", default="", help="username of the first login")
        parser.add_argument("--email", default="", help="e-mail of the first login")
        parser.add_argument("--mail", action="store_true", help="mail the link to --email instead of printing it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["email"] and not options["administrator"]:
            raise CommandError("--email is that of the first login: say --administrator as well.")
        if options["mail"] and not options["email"]:
            raise CommandError("--mail sends the link to --email: say that as well.")
        school = self._standing(options["slug"]) if options["administrator"] else None
        if school is None:
            school = self._made(options)
        if options["administrator"]:
            self._let_in(school, username=options["administrator"], email=options["email"], by_mail=options["mail"])

    def _standing(self, slug: str) -> School | None:
        try:
            school = lifecycle.get_school(slug)
        except SchoolNotFound:
            return None
        return school if school.is_active else None

    def _made(self, options: dict[str, Any]) -> School:
        if not options["name"] or not options["domain"]:
            raise CommandError("A new school needs --name and --domain.")
        told: dict[str, Any] = {"progress": self.stdout.write} if options["verbosity"] > 1 else {}
        school = create_school(slug=options["slug"], name=options["name"], domains=options["domain"], **told)
        self.stdout.write(f"{school.slug}: {school.name} is active at {', '.join(options['domain'])}")
        return school

    def _let_in(self, school: School, *, username: str, email: str, by_mail: bool) -> None:
        with inside(school):
            first = first_login(username=username, email=email, by_mail=by_mail)
        if first.link:
            self.stdout.write(f"{first.username} sets a password, once, until {first.until} UTC:")
            self.stdout.write(first.link)
        elif first.mailed_to:
            self.stdout.write(f"The link for {first.username} is on its way to {first.mailed_to}.")
        else:
            self.stdout.write(f"{first.username} has set a password already; nothing was changed.")
