# expect {"status": "ok", "output": "child got SIGTERM", "error": ""}
import signal, subprocess, sys
code = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: (print('child got SIGTERM'), sys.exit()))\nprint('ready', flush=True)\nsignal.pause()"
with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
    child.stdout.readline()
    child.terminate()
    print(child.stdout.read().strip())
