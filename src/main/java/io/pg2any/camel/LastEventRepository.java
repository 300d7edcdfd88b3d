package io.pg2any.camel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.support.service.ServiceSupport;

/**
 * For an idempotent consumer behind {@code eventapply:}: knows the last {@link Pg2anyHeaders#EVENT_ID} that was taken, in
 * a file. Since ids rise, one that is not greater was taken before. Use it with {@code eager: false}. Read and written by
 * one thread at a time.
 *
 * <p>The file is not forced: after a power failure more may come again, never less.
 */
public class LastEventRepository extends ServiceSupport implements IdempotentRepository {
    private String file;
    private FileChannel channel;
    private String last = "";

    public String getFile() {
        return file;
    }

    /** Where the last id is kept. */
    public void setFile(String file) {
        this.file = file;
    }

    @Override
    protected void doStart() throws Exception {
        Path path = Path.of(Objects.requireNonNull(file, "file"));
        channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        last = Files.readString(path, StandardCharsets.US_ASCII).strip();
    }

    @Override
    protected void doStop() throws Exception {
        channel.close();
    }

    @Override
    public boolean contains(String id) {
        return id.compareTo(last) <= 0;
    }

    @Override
    public boolean add(String id) {
        if (contains(id)) {
            return false;
        }
        // Always as long, so that nothing of an older one is left behind it.
        ByteBuffer bytes = StandardCharsets.US_ASCII.encode(String.format("%-60s", id));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes, bytes.position());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
        last = id;
        return true;
    }

    @Override
    public boolean confirm(String id) {
        return true;
    }

    /** Of one that failed: it was never added. */
    @Override
    public boolean remove(String id) {
        return false;
    }

    @Override
    public void clear() {
        throw new UnsupportedOperationException("delete " + file + " while nothing runs");
    }
}
