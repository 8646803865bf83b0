/** All that a page loads of the classroom where nobody has joined one: a look at what this device keeps. */
try {
  if (localStorage.getItem('pushlab:class')) void import('./student/bar.ts').then(({ openBar }) => openBar());
} catch {
  // No storage on this device: then it has joined no class.
}
