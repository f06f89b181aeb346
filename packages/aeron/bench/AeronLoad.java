import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FragmentHandler;
import java.util.Arrays;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron's own side of the benchmark: `driver DIR`, `ping DIR STREAM BYTES COUNT`, `pong DIR STREAM`, `write DIR STREAM BYTES`
 * and `read DIR STREAM MILLIS`. Each prints one line when it is ready, and what it measured on a second one.
 */
public final class AeronLoad {
  private static final String CHANNEL = "aeron:ipc?term-length=16m";

  public static void main(String[] args) throws Exception {
    int stream = args.length > 2 ? Integer.parseInt(args[2]) : 0;
    switch (args[0]) {
      case "driver" -> driver(args[1]);
      case "ping" -> ping(args[1], stream, Integer.parseInt(args[3]), Integer.parseInt(args[4]));
      case "pong" -> pong(args[1], stream);
      case "write" -> write(args[1], stream, Integer.parseInt(args[3]));
      case "read" -> read(args[1], stream, Long.parseLong(args[3]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void driver(String folder) throws Exception {
    MediaDriver.Context context =
        new MediaDriver.Context()
            .aeronDirectoryName(folder)
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true)
            .threadingMode(ThreadingMode.SHARED);
    try (MediaDriver ignored = MediaDriver.launch(context)) {
      System.out.println("ready");
      while (System.in.read() >= 0) {
        Thread.onSpinWait();
      }
    }
  }

  private static Aeron connect(String folder) {
    return Aeron.connect(new Aeron.Context().aeronDirectoryName(folder));
  }

  private static void offer(ExclusivePublication publication, UnsafeBuffer message) {
    while (publication.offer(message) < 0) {
      Thread.onSpinWait();
    }
  }

  private static void ping(String folder, int stream, int bytes, int count) {
    UnsafeBuffer message = new UnsafeBuffer(new byte[bytes]);
    long[] tookNs = new long[count];
    try (Aeron aeron = connect(folder);
        Subscription back = aeron.addSubscription(CHANNEL, stream + 1);
        ExclusivePublication there = aeron.addExclusivePublication(CHANNEL, stream)) {
      FragmentHandler ignore = (buffer, offset, length, header) -> {};
      System.out.println("ready");
      while (!there.isConnected() || !back.isConnected()) {
        Thread.onSpinWait();
      }
      for (int round = 0; round < 2; round++) {
        for (int number = 0; number < count; number++) {
          long startNs = System.nanoTime();
          offer(there, message);
          while (back.poll(ignore, 1) == 0) {
            Thread.onSpinWait();
          }
          tookNs[number] = System.nanoTime() - startNs;
        }
      }
    }
    Arrays.sort(tookNs);
    System.out.println("took " + tookNs[count / 2] + " " + tookNs[(int) (count * 0.99)]);
  }

  private static void pong(String folder, int stream) {
    try (Aeron aeron = connect(folder);
        Subscription there = aeron.addSubscription(CHANNEL, stream);
        ExclusivePublication back = aeron.addExclusivePublication(CHANNEL, stream + 1)) {
      UnsafeBuffer message = new UnsafeBuffer(new byte[0]);
      FragmentHandler echo =
          (buffer, offset, length, header) -> {
            message.wrap(buffer, offset, length);
            offer(back, message);
          };
      System.out.println("ready");
      while (true) {
        if (there.poll(echo, 16) == 0) {
          Thread.onSpinWait();
        }
      }
    }
  }

  private static void write(String folder, int stream, int bytes) {
    UnsafeBuffer message = new UnsafeBuffer(new byte[bytes]);
    try (Aeron aeron = connect(folder);
        ExclusivePublication publication = aeron.addExclusivePublication(CHANNEL, stream)) {
      System.out.println("ready");
      BusySpinIdleStrategy idle = new BusySpinIdleStrategy();
      while (true) {
        while (publication.offer(message) < 0) {
          idle.idle();
        }
      }
    }
  }

  private static void read(String folder, int stream, long millis) {
    long[] messages = {0};
    FragmentHandler count = (buffer, offset, length, header) -> messages[0]++;
    try (Aeron aeron = connect(folder);
        Subscription subscription = aeron.addSubscription(CHANNEL, stream)) {
      System.out.println("ready");
      while (subscription.poll(count, 256) == 0) {
        Thread.onSpinWait();
      }
      for (int round = 0; round < 2; round++) {
        messages[0] = 0;
        long startNs = System.nanoTime();
        long endNs = startNs + millis * 1_000_000;
        while (System.nanoTime() < endNs) {
          subscription.poll(count, 256);
        }
        long tookNs = System.nanoTime() - startNs;
        if (round == 1) {
          System.out.println("read " + messages[0] * 1_000_000_000L / tookNs + " 0");
        }
      }
    }
  }
}
