"""Features as an image: the Dockerfile that installs them, and what decides the result.

- `generate`: `generated` → the Dockerfile and the files of moorage's own in its context
- `script`: what runs in the build around a Feature's install.sh
- `inputs`: `feature_inputs`, for key, label and explanation
- `changes`: how the Features of two images differ, in words
- `failure`: a build that failed, told as the Feature that did

Import the modules themselves; nothing is loaded here.
"""
