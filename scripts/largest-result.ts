// A run whose result is as large as it gets with the default limits: control characters, in output and files.

const MEBIBYTE = 2 ** 20

/** The program. */
export const LARGEST_CODE = `
for name in 'ab':
    with open(name, 'w') as file:
        file.write('\\x01' * (2 * ${MEBIBYTE}))
print('\\x01' * ${MEBIBYTE - 1})
`

/** The body of a request for it. */
export const LARGEST_RUN = JSON.stringify({ code: LARGEST_CODE, outputFiles: ['*'] })
