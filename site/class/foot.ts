/** Puts a bar at the foot of the page, and gives the page so much more room there, however many lines the bar has. */
export function standAtFoot(bar: HTMLElement): void {
  document.body.append(bar);
  const room = new ResizeObserver(() => {
    document.documentElement.style.setProperty('--class-bar', `${bar.isConnected ? bar.offsetHeight : 0}px`);
  });
  room.observe(bar);
  document.documentElement.classList.add('in-class');
}
