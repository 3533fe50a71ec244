"""The editor's view of Glossator: the only importer of pygls and lsprotocol."""
