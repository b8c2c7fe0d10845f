"""What templates may say beyond Django: see face.py."""
