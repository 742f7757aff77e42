// A served page: ask every other second whether the training went on, and take the new learning curve.
const shown = { page: Number(document.documentElement.dataset.page), rounds: null };
const ask = async () => {
  try {
    const state = await (await fetch("state.json", { cache: "no-store" })).json();
    if (state.page !== shown.page) { location.reload(); return; }
    if (state.rounds !== shown.rounds) {
      document.getElementById("live").innerHTML = await (await fetch("learning.html", { cache: "no-store" })).text();
    }
    shown.rounds = state.rounds;
  } catch (error) { /* the server has ended; the page stays as it is */ }
  setTimeout(ask, 2000);
};
ask();
