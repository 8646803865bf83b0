/** Where a claim can be read: from the props of a tag to links to the very section. Pure. */
import known from '../../../content/sections.json' with { type: 'json' };
import { like, type Take, text } from './check-props.ts';

export interface SourceProps {
  rfc?: string;
  html?: string;
  whatwg?: string;
  /** `9.3`, an appendix `C.2.2`, or several with commas. */
  section?: string;
  anchor?: string;
  href?: string;
  label?: string;
}

export interface SourceLink {
  href: string;
  label: string;
  /** What the section is called in the text itself; where the source has sections that we know. */
  title?: string | undefined;
}

/** RFC number → section → title. A section that is not in it has not been read, and cannot be cited. */
const RFC: Readonly<Record<string, Readonly<Record<string, string>>>> = known.RFC;
/** `page#anchor` → number and title. Living standards are numbered anew now and then: the anchor is the address. */
const HTML: Readonly<Record<string, string>> = known.HTML;

const SECTION = /^(?:\d+|[A-Z])(?:\.\d+)*$/;

/** The props that name a source, for checkProps. */
export const SOURCE_PROPS: Readonly<Record<keyof SourceProps, Take>> = {
  rfc: like(/^[1-9]\d{2,4}$/, 'the number of an RFC, as in rfc="9112"'),
  html: like(/^[a-z-]+$/, 'a page of the HTML standard, as in html="server-sent-events"'),
  whatwg: like(/^[a-z]+$/, 'the host of a WHATWG standard, as in whatwg="websockets"'),
  section: {
    takes: 'a section, as in section="9.3", or several with commas',
    is: (value) => typeof value === 'string' && sections(value).every((one) => SECTION.test(one)),
  },
  anchor: like(/^[\w%().-]+$/, 'the part of an address behind #, as in anchor="sse-processing-model"'),
  href: like(/^(?:https:\/\/|\/)\S+$/, 'an address that begins with https:// or, on this site, with /'),
  label: text,
};

const sections = (value: string): string[] => value.split(',').map((one) => one.trim());

/** The links that the props name; none where they name no source. Throws where they do not fit together. `tag` as in `<Fact>`. */
export function sourceLinks(tag: string, props: SourceProps): SourceLink[] {
  const { rfc, html, whatwg, section, anchor, href, label } = props;
  const named = Object.entries({ rfc, html, whatwg, href }).filter(([, value]) => value !== undefined);
  const fail = (got: string, takes: string): never => {
    throw new Error(`<${tag}> got ${got}, takes ${takes}`);
  };
  if (named.length > 1)
    fail(named.map(([name]) => name).join(' and '), 'one of rfc, html, whatwg, href; cite twice with two tags');
  if (rfc) {
    if (!section) fail(`rfc="${rfc}" without a section`, 'section="…" with it');
    if (anchor ?? label) fail('rfc with anchor or label', 'rfc with section only');
    return sections(section ?? '').map((one) => ({
      href: `https://www.rfc-editor.org/rfc/rfc${rfc}.html#${/^\d/.test(one) ? 'section' : 'appendix'}-${one}`,
      label: `RFC ${rfc}, ${one}`,
      title:
        RFC[rfc]?.[one] ??
        fail(`RFC ${rfc}, ${one}`, 'a section that was read and has its title in content/sections.json'),
    }));
  }
  if (html ?? whatwg) {
    const hash = anchor ? `#${anchor}` : '';
    const name = html ? 'HTML' : `${whatwg}`;
    if (label && section) fail('section and label', 'one of them as the words of the link');
    if (!anchor) fail(`${html ? `html="${html}"` : `whatwg="${whatwg}"`} without an anchor`, 'anchor="…" with it');
    const [number, ...words] = (html && section && HTML[`${html}#${anchor}`]?.split(' ')) || [];
    if (html && section && number !== section)
      fail(
        `HTML, ${section} (${html}#${anchor})`,
        'a section that was read and has its title in content/sections.json',
      );
    return [
      {
        href: html
          ? `https://html.spec.whatwg.org/multipage/${html}.html${hash}`
          : `https://${whatwg}.spec.whatwg.org/${hash}`,
        label: label ?? [name, section].filter(Boolean).join(', '),
        title: words.join(' ') || undefined,
      },
    ];
  }
  if (href) {
    if (!label) fail(`href="${href}" without a label`, 'label="…" with it');
    if (section ?? anchor) fail('href with section or anchor', 'href and label only');
    return [{ href, label: label ?? href }];
  }
  if (section ?? anchor ?? label) fail('section, anchor or label alone', 'rfc, html, whatwg or href with it');
  return [];
}
