"""Why a workspace's pod does not come up: from what the API server shows to a sentence and advice. Pure."""
