/** The little Markdown that a prop may hold: `code`, *emphasis*, [link](address). Pure. */
export type Part = { kind: 'text' | 'code' | 'em'; text: string } | { kind: 'link'; text: string; href: string };

const MARKUP = /`([^`]+)`|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

export function phrase(source: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of source.matchAll(MARKUP)) {
    const [whole, code, em, text, href] = match;
    if (match.index > from) parts.push({ kind: 'text', text: source.slice(from, match.index) });
    if (code !== undefined) parts.push({ kind: 'code', text: code });
    else if (em !== undefined) parts.push({ kind: 'em', text: em });
    else if (text !== undefined && href !== undefined) parts.push({ kind: 'link', text, href });
    from = match.index + whole.length;
  }
  if (from < source.length) parts.push({ kind: 'text', text: source.slice(from) });
  return parts;
}
