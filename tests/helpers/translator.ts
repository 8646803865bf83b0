/** A page as a browser's translator leaves it. Runs in the page, before its own scripts; needs nothing from around it. */

/**
 * Does to text what Chrome's translator does: each text node gives way to two nested `<font>` with other words in them, at
 * once and whenever the page writes new text. Digits stay as they are; letters change their case, so that no text is still
 * what the page has written. What a translator leaves alone (scripts, code, fields) stays.
 */
export function translate(): void {
  const LEFT = 'script, style, noscript, code, pre, textarea, svg, [translate=no], .notranslate';
  const done = new WeakSet<Node>();
  const swapped = (text: string): string =>
    text.replace(/\p{L}/gu, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );

  function rewrite(text: Text): void {
    if (done.has(text) || !/\p{L}|\d/u.test(text.data) || !text.parentElement || text.parentElement.closest(LEFT))
      return;
    const words = document.createTextNode(swapped(text.data));
    done.add(words);
    // An option takes no element.
    if (text.parentElement.closest('option, title')) {
      text.replaceWith(words);
      return;
    }
    const [outer, inner] = [document.createElement('font'), document.createElement('font')];
    inner.append(words);
    outer.append(inner);
    text.replaceWith(outer);
  }
  function rewriteAll(root: Node): void {
    const texts: Text[] = [];
    if (root instanceof Text) texts.push(root);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    texts.forEach(rewrite);
  }
  document.addEventListener('DOMContentLoaded', () => {
    rewriteAll(document.body);
    document.documentElement.dataset.translated = '';
    new MutationObserver((changes) => {
      for (const { type, target, addedNodes } of changes) {
        // The page has written into a node that was translated.
        if (type === 'characterData') done.delete(target);
        for (const node of type === 'characterData' ? [target] : addedNodes) if (node.isConnected) rewriteAll(node);
      }
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
}
