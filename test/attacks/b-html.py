# expect {"status": "ok", "output": "<img src=x onerror=alert(1)></pre><script>alert(2)</script>&amp;${1}", "error": ""}
print("<img src=x onerror=alert(1)></pre><script>alert(2)</script>&amp;${1}")
