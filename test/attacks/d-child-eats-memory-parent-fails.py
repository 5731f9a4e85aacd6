# expect {"status": "error", "errorMatches": "^subprocess\\.CalledProcessError: Command .* died with <Signals\\.SIGKILL: 9>\\.[^]*memory limit \\(128 MB\\)", "exitCode": 1}
import subprocess, sys
subprocess.run([sys.executable, "-c", "bytearray(10**6) * 10**3"], check=True)
