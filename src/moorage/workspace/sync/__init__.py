"""Later copies between a local folder and a workspace that its files were uploaded into."""
