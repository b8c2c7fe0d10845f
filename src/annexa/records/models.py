"""All tables, for Django to find."""

from annexa.records.access_reviews import (
    AccessCarriedOut,
    AccessDecision,
    AccessList,
    AccessReview,
    AccessReviewEnd,
)
from annexa.records.activity import SealedTo, Segment, SegmentFile
from annexa.records.activity_samples import ActivitySample
from annexa.records.activity_sources import (
    ActivityAssignment,
    ActivityChoice,
    ActivityRules,
    ActivitySource,
    ActivitySourceEnd,
)
from annexa.records.appointments import Appointment, AppointmentEnd
from annexa.records.assessments import Assessment, AssessmentAnswer, AssessmentStep
from annexa.records.classifications import ClassificationAnswers, ClassificationReview
from annexa.records.controls import Adoption, Closure, Judgement
from annexa.records.directory import (
    DirectoryGroup,
    DirectoryMembership,
    DirectoryPerson,
    GroupRoleEnd,
    GroupRoleRule,
)
from annexa.records.documents import DocumentStep, Reading
from annexa.records.evidence import Evidence
from annexa.records.exceptions import ExceptionStep
from annexa.records.grants import GrantEnd, RoleGrant
from annexa.records.kept_answers import KeptAnswer
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.links import Link
from annexa.records.mails import Mail, MailChoice, MailTold
from annexa.records.monitors import MonitorBaseline, MonitorBreach, MonitorBreachEnd, MonitorChoice, MonitorRun
from annexa.records.organisation import Organisation
from annexa.records.oversight import (
    OversightClaim,
    OversightContent,
    OversightDelegation,
    OversightDelegationEnd,
    OversightEscalation,
    OversightItem,
    OversightOutcome,
    OversightPlan,
    OversightRelease,
    OversightStanding,
    OversightStop,
    OversightVerdict,
)
from annexa.records.ownerships import Ownership
from annexa.records.people import Person
from annexa.records.processes import Process, RequestCount
from annexa.records.questionnaires import (
    QuestionnaireAnswer,
    QuestionnaireFile,
    QuestionnaireFileStep,
    QuestionnaireStep,
    SentQuestionnaire,
)
from annexa.records.registers import TABLES
from annexa.records.retention import ActivityErasure, ActivityErasureStep, Leaving, LegalHold, LegalHoldRelease
from annexa.records.risks import RiskProposal, RiskScale, RiskStep
from annexa.records.sign_in import (
    KnownPlace,
    ProviderIdentity,
    SecondFactor,
    SecondFactorRemoval,
    SignedIn,
    SignInTry,
)
from annexa.records.soa import Inclusion, StatementDecision, StatementVersion
from annexa.records.systems import AiSystem
from annexa.records.tasks import Task, TaskChange
from annexa.records.tokens import ApiToken, ServiceAccount, TokenRevocation
from annexa.records.training import Enrolment
from annexa.records.units import Committee, Unit
from annexa.records.views import SavedView
from annexa.records.visits import Visit
from annexa.records.webhooks import Delivery, Webhook, WebhookEnd

__all__ = [
    "TABLES",
    "AccessCarriedOut",
    "AccessDecision",
    "AccessList",
    "AccessReview",
    "AccessReviewEnd",
    "ActivityAssignment",
    "ActivityChoice",
    "ActivityErasure",
    "ActivityErasureStep",
    "ActivityRules",
    "ActivitySample",
    "ActivitySource",
    "ActivitySourceEnd",
    "Adoption",
    "AiSystem",
    "ApiToken",
    "Appointment",
    "AppointmentEnd",
    "Assessment",
    "AssessmentAnswer",
    "AssessmentStep",
    "ClassificationAnswers",
    "ClassificationReview",
    "Closure",
    "Committee",
    "Delivery",
    "DirectoryGroup",
    "DirectoryMembership",
    "DirectoryPerson",
    "DocumentStep",
    "Enrolment",
    "EntryBody",
    "Evidence",
    "ExceptionStep",
    "GrantEnd",
    "GroupRoleEnd",
    "GroupRoleRule",
    "Inclusion",
    "Judgement",
    "KeptAnswer",
    "KnownPlace",
    "Leaving",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LegalHold",
    "LegalHoldRelease",
    "Link",
    "Mail",
    "MailChoice",
    "MailTold",
    "MonitorBaseline",
    "MonitorBreach",
    "MonitorBreachEnd",
    "MonitorChoice",
    "MonitorRun",
    "Organisation",
    "Outbox",
    "OversightClaim",
    "OversightContent",
    "OversightDelegation",
    "OversightDelegationEnd",
    "OversightEscalation",
    "OversightItem",
    "OversightOutcome",
    "OversightPlan",
    "OversightRelease",
    "OversightStanding",
    "OversightStop",
    "OversightVerdict",
    "Ownership",
    "Person",
    "Process",
    "ProviderIdentity",
    "QuestionnaireAnswer",
    "QuestionnaireFile",
    "QuestionnaireFileStep",
    "QuestionnaireStep",
    "Reading",
    "RequestCount",
    "RiskProposal",
    "RiskScale",
    "RiskStep",
    "RoleGrant",
    "SavedView",
    "SealedTo",
    "SecondFactor",
    "SecondFactorRemoval",
    "Segment",
    "SegmentFile",
    "SentQuestionnaire",
    "ServiceAccount",
    "SignInTry",
    "SignedIn",
    "StatementDecision",
    "StatementVersion",
    "Task",
    "TaskChange",
    "TokenRevocation",
    "Unit",
    "Visit",
    "Webhook",
    "WebhookEnd",
]
