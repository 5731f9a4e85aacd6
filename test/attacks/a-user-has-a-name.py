# expect {"status": "ok", "output": "nobody nobody /tmp True", "error": ""}
# Libraries make folders of the user's name, and look for a home.
import getpass, os, pathlib, pwd
open("f", "w").close()
print(pwd.getpwuid(os.getuid()).pw_name, getpass.getuser(), pathlib.Path.home(), pathlib.Path("f").owner() == "nobody")
