"""Authorities and interest groups: ISO/IEC 27001 A.5.5 and A.5.6, ISO/IEC 42001 7.4."""

from annexa.pure.fields import choice, day, long, owner, text
from annexa.pure.register import Group, Register, ended, management_systems, name, owned, reference, unit

CONTACTS = Register(
    noun="contact",
    plural="contacts",
    one="contact",
    title="Authorities and groups",
    says="Whom to call when something happens, whom to ask beforehand, and who may speak for the organisation.",
    asked_by=("ISO/IEC 27001 A.5.5", "ISO/IEC 27001 A.5.6", "ISO/IEC 42001 7.4"),
    place="context",
    groups=(
        Group(
            title="The contact",
            fields=(
                name("The authority, team or group.", label="Contact"),
                reference("the contact"),
                choice(
                    "kind",
                    "Kind",
                    "What it is.",
                    ("authority", "response team", "emergency service", "interest group", "research"),
                    required=True,
                    facet=True,
                    listed=True,
                ),
                long("about", "About", "What they are told or asked, and by when."),
                text("channel", "Channel", "Portal, telephone, address; also outside office hours."),
                owner("Who may speak to them.", name="speaker", label="Speaker", listed=True),
                owner("Who stands in.", name="deputy", label="Deputy"),
                day("tested_on", "Tested on", "The day the channel was last tried or used.", listed=True),
                management_systems("the contact"),
                unit("the contact"),
                owned("the contact"),
                ended("the contact"),
            ),
        ),
    ),
)
