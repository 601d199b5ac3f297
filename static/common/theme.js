// Follows the admin's theme switch (Unfold keeps "auto", "light" or "dark" in localStorage), before the first paint.
try {
  const theme = JSON.parse(localStorage.getItem("adminTheme") ?? '"auto"');
  if (theme === "dark" || theme === "light") document.documentElement.classList.add(theme);
} catch {
  // No storage, or not ours: the system's preference holds.
}
