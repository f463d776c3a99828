import { type ManifestJsonSchema, manifestJsonSchema } from './manifest-schema.ts'

/** The reference of `fulgurite.plugin.json`, from the schema that the node reads it by. */
export const manifestPage = (): string => {
  const schema = manifestJsonSchema()
  const sections: string[] = []
  const resolve = (one: ManifestJsonSchema): ManifestJsonSchema =>
    one.$ref === undefined ? one : { ...schema.$defs?.[one.$ref.replace('#/$defs/', '')], ...one }
  const section = (title: string, given: ManifestJsonSchema): void => {
    const { description, properties = {}, required = [] } = resolve(given)
    const rows = Object.entries(properties).map(([name, member]) => {
      const inner = resolve(member)
      return `| \`${name}\` | ${typeOf(inner, resolve)} | ${defaultOf(inner, required.includes(name))} | ${cellText(inner.description)} |`
    })
    sections.push(
      `## ${title}\n\n${description === undefined ? '' : `${description}\n\n`}| field | type | if not given | |\n|---|---|---|---|\n${rows.join('\n')}\n`,
    )
  }
  const { permissions = {}, budget = {}, limits = {}, contributions = {}, config = {} } = schema.properties ?? {}
  section('The manifest', schema)
  section('permissions', permissions)
  const { commands = {}, events = {}, hooks = {} } = resolve(permissions).properties ?? {}
  sections.push(
    namesSection(
      'permissions.commands',
      resolve(commands),
      (one) => {
        const bounds = resolve(resolve(one).properties?.bounds ?? {})
        const fields = Object.keys(bounds.properties ?? {}).map((field) =>
          bounds.required?.includes(field) === true ? `**\`${field}\`**` : `\`${field}\``,
        )
        return fields.length === 0 ? 'none' : fields.join(', ')
      },
      'bounds',
      'Each may have `bounds`, a `{ min, max }` for a field of the request (those in bold have to be given), and a `rate`, `{ max, perMs }`.',
    ),
  )
  sections.push(
    namesSection(
      'permissions.hooks',
      resolve(hooks),
      (one) => {
        const { items = {} } = resolve(resolve(one).properties?.verdicts ?? {})
        return (resolve(items).enum ?? []).map((verdict) => `\`${verdict}\``).join(', ')
      },
      'verdicts',
      'Each has `verdicts`, a list of those that it may answer with, and may have a `filter`, as events have.',
    ),
  )
  sections.push(
    namesSection(
      'permissions.events',
      resolve(events),
      (one) => {
        const filter = resolve(resolve(one).properties?.filter ?? {})
        return Object.keys(filter.properties ?? {})
          .map((field) => `\`${field}\``)
          .join(', ')
      },
      'fields to filter by',
      'Each may have a `filter`: for a field `{ "oneOf": [values] }`, or for a number or an amount `{ "min": …, "max": … }`. Amounts in `oneOf` are texts.',
    ),
  )
  section('budget', budget)
  section('limits', limits)
  sections.push(`## config\n\n${configText(resolve(config))}`)
  section('contributions', contributions)
  return `${intro}\n${sections.join('\n')}`
}

const intro = `What a plugin's \`fulgurite.plugin.json\` may hold. An unknown field, event, query, command, hook, verdict, bound or field
of a filter is an error that names what was probably meant. Editors know all of it by the schema in the SDK:

\`\`\`json
{ "$schema": "./node_modules/@fulgurite/plugin-sdk/src/generated/manifest.schema.json" }
\`\`\`
`

const namesSection = (
  title: string,
  { properties = {} }: ManifestJsonSchema,
  detail: (one: ManifestJsonSchema) => string,
  heading: string,
  text: string,
): string => {
  const rows = Object.entries(properties).map(
    ([name, one]) => `| \`${name}\` | ${cellText(one.description)} | ${detail(one)} |`,
  )
  return `## ${title}\n\n${text}\n\n| name | | ${heading} |\n|---|---|---|\n${rows.join('\n')}\n`
}

const configText = (schema: ManifestJsonSchema): string =>
  `${schema.description}

An \`object\` with \`properties\`, each a schema itself, and a list of those that are \`required\`. Of each a \`description\` may be
given, and of a \`boolean\`, a number or a text a \`default\`, which has to be allowed itself.

| \`type\` | what else it may say |
|---|---|
| \`boolean\` | |
| \`integer\`, \`number\` | \`minimum\`, \`maximum\` |
| \`string\` | \`enum\`, \`maxLength\` |
| \`array\` | \`items\`, \`maxItems\` |
| \`object\` | \`properties\`, \`required\` |
`

const cellText = (text = ''): string => text.replaceAll('|', '\\|')

const typeOf = (schema: ManifestJsonSchema, resolve: (one: ManifestJsonSchema) => ManifestJsonSchema): string => {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' or ')
  if (schema.anyOf?.some(({ type }) => type !== undefined) === true) {
    return schema.anyOf.map((one) => typeOf(resolve(one), resolve)).join(' or ')
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      return `${schema.type === 'integer' ? 'whole number' : 'number'}${between(schema.minimum, schema.maximum, '')}`
    case 'string':
      return `text${between(schema.minLength, schema.maxLength, ' characters')}`
    case 'array':
      return `list${between(schema.minItems, schema.maxItems, ' items')}`
    case 'boolean':
      return 'true or false'
    default:
      return 'object'
  }
}

const between = (min: number | undefined, max: number | undefined, unit: string): string => {
  if (max === undefined || max >= Number.MAX_SAFE_INTEGER) return ''
  return min === undefined ? `, ${max}${unit} at most` : `, ${min} to ${max}${unit}`
}

const defaultOf = ({ default: value }: ManifestJsonSchema, required: boolean): string => {
  if (required) return 'has to be'
  if (value === undefined) return ''
  const text = JSON.stringify(value)
  return text === '{}' || text === '[]' ? 'nothing' : `\`${text}\``
}
