// What makes the page better where there is JavaScript: copying, and news that arrive by themselves. Without it every
// button works and the page reloads. It loads nothing from elsewhere, keeps nothing, and decides nothing.
(function () {
  'use strict';
  var main = document.getElementById('main');
  if (!main) return;

  function copyButtons() {
    var lines = main.querySelectorAll('.copy');
    for (var i = 0; i < lines.length; i++) addCopy(lines[i]);
  }

  function addCopy(line) {
    if (!navigator.clipboard && !document.execCommand) return;
    var button = document.createElement('button');
    var label = document.createElement('span');
    button.type = 'button';
    button.className = 'take';
    label.textContent = main.dataset.copy;
    label.id = 'take-' + line.dataset.of;
    button.setAttribute('aria-labelledby', label.id + ' ' + line.dataset.of);
    button.appendChild(label);
    button.addEventListener('click', function () {
      copy(line.dataset.text || line.textContent).then(function () {
        label.textContent = main.dataset.copied;
        say(main.dataset.copied);
        setTimeout(function () { label.textContent = main.dataset.copy; }, 3000);
      }, function () {});
    });
    line.parentNode.appendChild(button);
  }

  function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    var field = document.createElement('textarea');
    field.value = text;
    document.body.appendChild(field);
    field.select();
    var done = document.execCommand('copy');
    document.body.removeChild(field);
    return done ? Promise.resolve() : Promise.reject(new Error('copy'));
  }

  var voice = document.createElement('p');
  voice.className = 'skip';
  voice.setAttribute('role', 'status');
  document.body.appendChild(voice);
  function say(text) { voice.textContent = text; }

  // a second press of the same button while the first is under way is no second wish
  document.addEventListener('submit', function (event) {
    var button = event.target.querySelector('button[type=submit]');
    if (!button) return;
    setTimeout(function () { button.disabled = true; }, 0);
  });
  // who comes back with the browser's own button finds it free
  window.addEventListener('pageshow', function () {
    var off = document.querySelectorAll('button[disabled]');
    for (var i = 0; i < off.length; i++) off[i].disabled = false;
  });

  function isTyping() {
    var at = document.activeElement;
    return at && main.contains(at) && /^(INPUT|SELECT)$/.test(at.tagName) && at.value !== '';
  }

  // news that came while somebody typed is looked at as soon as the field is left
  var waits = false;
  document.addEventListener('focusout', function () {
    setTimeout(function () { if (waits) refresh(); }, 0);
  });

  // by the form that they stand in and their name
  function fields() {
    var named = {};
    var all = main.querySelectorAll('form input:not([type=hidden]), form select');
    for (var i = 0; i < all.length; i++) {
      var of = all[i].form.querySelector('[name=channel], [name=payment]');
      named[(of ? of.value : '') + ' ' + all[i].name] = all[i];
    }
    return named;
  }

  // what was typed and not sent yet stands in the same field of the new page
  function keepTyped(old) {
    var now = fields();
    for (var name in old) if (old[name].value && now[name]) now[name].value = old[name].value;
  }

  function refresh() {
    waits = isTyping();
    if (waits) return Promise.resolve();
    return fetch(main.dataset.page, { cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' })
      .then(function (answer) { return answer.ok ? answer.text() : ''; })
      .then(function (html) {
        var fresh = html && new DOMParser().parseFromString(html, 'text/html');
        var next = fresh && fresh.getElementById('main');
        if (!next || next.dataset.state === main.dataset.state) return;
        waits = isTyping();
        if (waits) return;
        var hadFocus = main.contains(document.activeElement);
        var before = fields();
        main.parentNode.replaceChild(document.adoptNode(next), main);
        main = next;
        keepTyped(before);
        document.title = fresh.title;
        copyButtons();
        var title = main.querySelector('h1');
        say(title ? title.textContent : '');
        if (hadFocus) main.focus();
        listen();
      }, function () {});
  }

  var source = null;
  var timer = null;
  function listen() {
    if (source) source.close();
    clearInterval(timer);
    source = null;
    if (!main.dataset.live) return;
    if (window.EventSource) {
      source = new EventSource(main.dataset.live);
      source.addEventListener('state', function (event) {
        if (event.data !== main.dataset.state) refresh();
      });
      source.addEventListener('end', function () { source.close(); });
      // refused (too many listen) or cut for good: look by ourselves, seldom
      source.addEventListener('error', function () {
        if (source && source.readyState === 2) poll();
      });
    } else {
      poll();
    }
  }
  function poll() {
    clearInterval(timer);
    var left = 60;
    timer = setInterval(function () {
      if (left-- <= 0) clearInterval(timer);
      else if (!document.hidden) refresh();
    }, 10000);
  }

  copyButtons();
  listen();
})();
