"""The simulated Outlook: mailboxes in memory, and what a person does in them."""

from webcrm_sync_sandbox.outlook.company import Outlook
from webcrm_sync_sandbox.outlook.mail import AUTO, AttachedItem, File, Link, Mail, Person
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

__all__ = ["AUTO", "AttachedItem", "File", "Link", "Mail", "Outlook", "Person", "SimMailbox"]
