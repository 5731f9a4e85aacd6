# expect {"status": "ok", "output": "3 c b a 6 f d", "error": ""}
import subprocess
script = """set -e
printf 'a\\nb\\nc\\n' > f
mkdir -p d/e; cp f d/e/; mv d/e/f d/g; ln -s f l; chmod 600 f; touch t; rm t
echo $(wc -l < f) $(sort -r f) $(wc -c < d/g) $(ls | head -n 2 | sort -r)
date > /dev/null; id > /dev/null; stat f > /dev/null; df . > /dev/null; du . > /dev/null; nproc > /dev/null
dd if=f of=o 2> /dev/null; tee p < f > /dev/null; timeout 5 true; sleep 0.01; tail -c 1 f > /dev/null; truncate -s 1 o; mktemp > /dev/null; sync
"""
print(subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.strip())
