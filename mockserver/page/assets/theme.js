// Before anything is drawn: the scheme that was chosen, if one was.
try {
  const chosen = localStorage.getItem("images-mock-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* no storage: the system's scheme */ }
document.documentElement.classList.add("js");
