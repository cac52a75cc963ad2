"""The forms in which pages as read are written."""
