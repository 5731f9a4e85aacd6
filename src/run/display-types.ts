// The types of displays. Separate from their schema, because the page's script needs the types without the schema.

/** The types of displays, and the extensions that sandbox/display.py and saved files have for them. */
export const DISPLAY_EXTENSIONS = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/gif': 'gif',
  'image/svg+xml': 'svg',
  'text/html': 'html',
  'text/latex': 'tex',
  'text/markdown': 'md',
  'application/json': 'json',
  'text/plain': 'txt',
} as const
