"""People as a workspace knows them: nicknames with an address, and the invitations they follow."""
