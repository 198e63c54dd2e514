// While a worker is at what the page is about, it looks again every two seconds.
setTimeout(() => location.reload(), 2000);
