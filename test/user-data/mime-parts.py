"""What cloud-init makes of user data: a line of JSON a part, its type and its text."""
import json
import sys

from cloudinit import user_data

message = user_data.UserDataProcessor(None).process(sys.stdin.buffer.read())
for part in message.walk():
    if part.get_content_maintype() != "multipart":
        print(json.dumps({"type": part.get_content_type(), "text": part.get_payload(decode=True).decode()}))
